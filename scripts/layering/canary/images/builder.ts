import "../scripts/start.mjs"; // images-stand-alone
