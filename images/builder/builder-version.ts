/** Raise it when a change of the builder that no recipe, hook script or module list shows makes a different template. */
export const BUILDER_VERSION = 2;
