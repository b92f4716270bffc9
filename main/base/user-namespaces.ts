/** What a person does on a host where ordinary users may make no namespaces: a remedy of `atoll doctor`. */
export const ALLOW_NAMESPACES =
  "As root: sysctl kernel.unprivileged_userns_clone=1 (with AppArmor also kernel.apparmor_restrict_unprivileged_userns=0)";
