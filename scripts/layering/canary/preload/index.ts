import "../renderer/page.tsx"; // preload-is-a-bridge
