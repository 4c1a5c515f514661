import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` shows the page with a server that runs beside it.
const server = process.env.FERMATA_URL ?? "http://127.0.0.1:4200";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": { target: server, ws: true, changeOrigin: true } } },
  build: {
    // The page's policy lets nothing be read from data: addresses but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
});
