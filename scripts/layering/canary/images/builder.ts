import "../scripts/start.mjs"; // images-stand-alone
import "../main/domain.ts"; // images-stand-on-base
