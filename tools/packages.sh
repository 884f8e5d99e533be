# Sourced by ./run, ./test and .ci/run: installs the Debian packages of tools/packages.txt that are
# missing, and prints nothing when none is.

say() { printf 'carillon: %s\n' "$*"; }
die() { printf 'carillon: %s\n' "$*" >&2; exit 1; }

# missing_packages KIND...: the packages of these kinds that are neither installed nor stood in for.
missing_packages() {
  local kind package command wanted=()
  while read -r kind package command; do
    case " $* " in *" $kind "*) ;; *) continue ;; esac
    if [ -n "$command" ] && command -v "$command" >/dev/null 2>&1; then continue; fi
    wanted+=("$package")
  done < <(grep -v '^#' tools/packages.txt)
  [ ${#wanted[@]} -gt 0 ] || return 0
  # "installed" alone counts: a removed package keeps its configuration files and its name here.
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
      awk '$2 == "installed" {print $1}' | sort -u)
}

# as_root COMMAND...: with sudo where we are not root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# apt_quietly ARGS...: apt-get without questions; its output only when it fails.
apt_quietly() {
  local log=build/apt.log
  mkdir -p build
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    "$@" </dev/null >"$log" 2>&1 && return 0
  tail -n 20 "$log" >&2
  return 1
}

# apt_install PACKAGE...: installs them, and starts and enables none of their services: what needs a server, such
# as Redis, starts one of its own on a spare port.
apt_install() (
  local policy=/usr/sbin/policy-rc.d package
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  apt_quietly install -y --no-install-recommends "$@" || exit 1
  command -v systemctl >/dev/null 2>&1 || exit 0
  for package in "$@"; do
    # Most packages have no such unit.
    as_root systemctl --quiet disable "$package.service" >/dev/null 2>&1 || true
  done
)

# install_packages KIND...
install_packages() {
  command -v dpkg-query >/dev/null 2>&1 ||
    die "this is not a Debian system: install the packages of tools/packages.txt by your own means, then build with cmake --preset release"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    die "these packages are missing, and there is neither root nor sudo to install them. As root: apt-get install ${missing[*]}"
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # Once, and first: on a fresh machine there are no lists, and old ones name files that are gone.
  apt_quietly update || die "apt-get update failed: check the network and /etc/apt/sources.list, then try again"
  apt_install "${missing[@]}" ||
    die "apt-get could not install them (Debian 12 is what this expects). Fix the error above, then try again"
}

# require_node: a Node new enough for the tests and the pasted lines.
require_node() {
  local major
  major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || die "node does not run: install Node 18 or newer"
  [ "$major" -ge 18 ] || die "node on PATH is $(node --version), and 18 or newer is needed: $(command -v node)"
}

# build PRESET TARGET [CMAKE-ARGS...]: few lines while it works, the compiler's own words when it fails.
build() {
  local preset=$1 target=$2 log started=$SECONDS
  shift 2
  log=build/$preset.log
  mkdir -p build
  cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; die "cmake --preset $preset failed"; }
  if [ -t 1 ]; then
    # Ninja keeps to one line on a terminal.
    NINJA_STATUS="carillon: building $preset [%f/%t] " cmake --build "build/$preset" --target "$target" ||
      die "the $preset build failed: see the errors above"
  else
    say "building $preset ($target)"
    cmake --build "build/$preset" --target "$target" >"$log" 2>&1 || {
      grep -v '^\[[0-9]*/[0-9]*\] Building' "$log" >&2
      die "the $preset build failed: see the errors above"
    }
  fi
  [ $((SECONDS - started)) -lt 5 ] || say "built $preset in $((SECONDS - started)) s"
}

build_release() { build release carillon; }
