/**
 * What `app.getGPUFeatureStatus()` and `auxAttributes.glRenderer` of `app.getGPUInfo("complete")` say on several machines.
 * Written after Electron's and Chromium's documentation and public reports of chrome://gpu, not recorded: no machine with a
 * GPU was at hand.
 * @see https://www.electronjs.org/docs/latest/api/structures/gpu-feature-status
 */
interface Machine {
  status: Readonly<Record<string, string>> & { gpu_compositing: string };
  renderer: string;
  isHardware: boolean;
}

const ACCELERATED = {
  "2d_canvas": "enabled",
  gpu_compositing: "enabled",
  multiple_raster_threads: "enabled_on",
  rasterization: "enabled",
  video_decode: "enabled",
  video_encode: "disabled_software",
  webgl: "enabled",
  webgl2: "enabled",
} as const;

/** The GPU process runs, and Chromium has found that its driver is not to be used for compositing. */
const SOFTWARE_ONLY = {
  ...ACCELERATED,
  "2d_canvas": "unavailable_software",
  gpu_compositing: "disabled_software",
  rasterization: "disabled_software",
  video_decode: "disabled_software",
  webgl: "enabled_readback",
  webgl2: "enabled_readback",
} as const;

export const CHROMIUM_GRAPHICS: Readonly<Record<string, Machine>> = {
  "Intel by Mesa": {
    status: ACCELERATED,
    renderer: "ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)",
    isHardware: true,
  },
  "AMD by Mesa, whose name names LLVM": {
    status: ACCELERATED,
    renderer: "ANGLE (AMD, AMD Radeon RX 6600 (radeonsi, navi23, LLVM 15.0.6, DRM 3.49), OpenGL 4.6)",
    isHardware: true,
  },
  "NVIDIA's own driver": {
    status: { ...ACCELERATED, video_decode: "disabled_software" },
    renderer: "ANGLE (NVIDIA Corporation, NVIDIA GeForce GTX 1650/PCIe/SSE2, OpenGL 4.5.0)",
    isHardware: true,
  },
  "virgl over the host's Intel GPU": {
    status: { ...ACCELERATED, rasterization: "disabled_software" },
    renderer: "ANGLE (Mesa, virgl (Mesa Intel(R) UHD Graphics 620 (KBL GT2)), OpenGL 4.3)",
    isHardware: true,
  },
  "virgl over the host's llvmpipe": {
    status: ACCELERATED,
    renderer: "ANGLE (Mesa, virgl (LLVMPIPE (LLVM 15.0.6, 256 bits)), OpenGL 4.3)",
    isHardware: false,
  },
  "compositing that is forced on": {
    status: { ...ACCELERATED, gpu_compositing: "enabled_force" },
    renderer: "ANGLE (Intel, Mesa Intel(R) HD Graphics 3000 (SNB GT2), OpenGL 3.3)",
    isHardware: true,
  },
  "llvmpipe that Chromium has not noticed": {
    status: ACCELERATED,
    renderer: "ANGLE (Mesa, llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5)",
    isHardware: false,
  },
  "llvmpipe that Chromium has noticed": {
    status: SOFTWARE_ONLY,
    renderer: "ANGLE (Mesa, llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5)",
    isHardware: false,
  },
  SwiftShader: {
    status: SOFTWARE_ONLY,
    renderer: "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)",
    isHardware: false,
  },
  "SwiftShader that composites": {
    status: ACCELERATED,
    renderer: "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)",
    isHardware: false,
  },
  "a GPU process that crashed too often": {
    status: {
      ...SOFTWARE_ONLY,
      gpu_compositing: "disabled_software",
      webgl: "unavailable_off",
      webgl2: "unavailable_off",
    },
    renderer: "",
    isHardware: false,
  },
  "a GPU on Chromium's blocklist": {
    status: { ...SOFTWARE_ONLY, gpu_compositing: "unavailable_software" },
    renderer: "ANGLE (Intel, Mesa DRI Intel(R) 945GM, OpenGL 1.4)",
    isHardware: false,
  },
};
