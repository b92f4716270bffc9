/**
 * The two shell scripts that mmdebstrap runs as customize hooks. Both run outside the new root, as (its) root user, with
 * the new root as `$1`; a subordinate user cannot read the folder that the build was started in, so they leave it.
 * What they write to stderr is progress, see progress.ts.
 */
import { GUEST_MODULES } from "./kernel-modules.ts";
import type { Recipe } from "./recipe.ts";

/** Inside the new root; copied out by mmdebstrap between the two hooks. */
export const KERNEL_OUT = "/tmp/atoll/kernel";

/** The descriptor by which mmdebstrap's children inherit the open image: as a subordinate user they could not reach its path. */
export const IMAGE_FD = 4;

/** Adds the user and the recipe's files, and fetches kernel and modules, which are not part of the image. */
export function customizeScript(recipe: Recipe): string {
  return `set -eu
cd /
root=$1
echo "atoll-step: user" >&2
echo "user:x:1000:1000::/home/user:/bin/bash" >>"$root/etc/passwd"
echo "user:!:20000:0:99999:7:::" >>"$root/etc/shadow"
echo "user:x:1000:" >>"$root/etc/group"
echo "user:!::" >>"$root/etc/gshadow"
cp -r "$root/etc/skel" "$root/home/user"
: >"$root/etc/machine-id"
${recipe.files.map(fileCommands).join("\n")}
chown -R 1000:1000 "$root/home/user"
chmod 0700 "$root/home/user"

echo "atoll-step: kernel" >&2
out=$root${KERNEL_OUT}
mkdir -p "$out" "$root/tmp/atoll/kernel-package" "$root/var/cache/apt/archives"
export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \\(linux-image-[0-9].*\\)/\\1/p')
cd "$root/var/cache/apt/archives"
apt-get download "$package" >&2
dpkg-deb --extract "$package"_*.deb "$root/tmp/atoll/kernel-package"
cd "$root/tmp/atoll/kernel-package"
cp boot/vmlinuz-* "$out/vmlinuz"
basename boot/vmlinuz-* | sed 's/^vmlinuz-//' >"$out/version"
modules=$(echo usr/lib/modules/*/kernel lib/modules/*/kernel | tr ' ' '\\n' | grep -v '\\*' | head -n 1)
for module in ${GUEST_MODULES.map((module) => module.path).join(" ")}; do
  xz --decompress --stdout "$modules/$module.ko.xz" >"$out/\${module##*/}.ko"
done
${moduleCommands(recipe.modules ?? [])}dpkg-query --admindir="$root/var/lib/dpkg" --show >"$out/packages.txt"
cd /
rm -rf "$root/tmp/atoll/kernel-package"
`;
}

/**
 * Adds modules by name, each after those that it needs, and what they are to the order: `kernel/added`. What is built into the
 * kernel is left out. One that every guest has for a device of its start is inserted without that, too: a device may be plugged
 * in later. Nothing where there are none: an image is known by its script, too.
 */
function moduleCommands(names: readonly string[]): string {
  if (names.length === 0) return "";
  return `builtin=$(dirname "$modules")/modules.builtin
: >"$out/added"
add_module() {
  for spelling in "$1" "$(echo "$1" | tr _ -)" "$(echo "$1" | tr - _)"; do
    if grep -q "/$spelling\\.ko" "$builtin"; then return 0; fi
    if grep -qx "late $spelling.ko" "$out/added"; then return 0; fi
    found=$(find "$modules" -name "$spelling.ko.xz" | head -n 1)
    if [ -n "$found" ]; then break; fi
  done
  if [ -z "$found" ]; then
    echo "E: the kernel has no module $1" >&2
    return 1
  fi
  set -- "$found" "$(basename "$found" .xz)"
  xz --decompress --stdout "$1" >"$out/$2"
  for needed in $(tr '\\0' '\\n' <"$out/$2" | sed -n 's/^depends=//p' | tr ',' ' '); do
    (add_module "$needed")
  done
  echo "late $2" >>"$out/added"
}
for module in ${names.join(" ")}; do
  (add_module "$module")
done
`;
}

/**
 * Base64 keeps any content out of the shell's hands. Written inside the new root: its links, as /var/run, lead to its own
 * folders there, and from outside to those of the host.
 */
export function fileCommands(file: Recipe["files"][number]): string {
  const content = Buffer.from(file.content).toString("base64");
  const write = `mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"`;
  return `echo ${content} | base64 -d | chroot "$root" /bin/sh -euc '${write}' sh ${file.path} ${file.mode}`;
}

/**
 * The list of fonts that packages have made names the times of their folders to the nanosecond, and the image has whole seconds:
 * every program of a new VM would read all fonts again, which takes seconds. It is made anew, for the times that it will find.
 */
const FONT_COMMANDS = `if [ -x "$root/usr/bin/fc-cache" ]; then
  find "$root/usr/share/fonts" "$root/usr/local/share/fonts" -type d -exec sh -c 'touch -d "@$(stat -c %Y "$1")" "$1"' sh {} ';'
  chroot "$root" /usr/bin/fc-cache --force >&2
fi
`;

/**
 * Clears away what the build left and writes the ext4 image into the file at IMAGE_FD. In a mount namespace of
 * its own it hides /proc, /sys and /dev first, as mke2fs would copy them. No room is reserved for root; inode tables
 * are left to the sparse file's zeros (agents/init mounts with noinit_itable).
 */
export function imageScript(recipe: Recipe): string {
  return `set -eu
cd /
root=$1
echo "atoll-step: image" >&2
find "$root/tmp" "$root/var/tmp" "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/run" -xdev -mindepth 1 -delete >&2
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root"/var/log/*.log "$root"/var/log/apt/* "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old
sed -i /force-unsafe-io/d "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
${FONT_COMMANDS}exec unshare --mount sh -euc '
  for folder in proc sys dev; do
    mount -t tmpfs -o mode=755 none "$1/$folder"
  done
  PATH=$PATH:/usr/sbin:/sbin
  mke2fs -q -F -t ext4 -b 4096 -m 0 -L atoll -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0 -d "$1" /proc/self/fd/${IMAGE_FD} ${recipe.diskMiB}M >&2
' sh "$root"
`;
}
