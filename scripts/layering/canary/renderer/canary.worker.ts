import "./page.tsx"; // worker-knows-no-page
