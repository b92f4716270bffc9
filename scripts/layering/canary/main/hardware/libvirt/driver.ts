import "../qemu/driver.ts"; // adapters-know-no-sibling
