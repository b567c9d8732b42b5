# The Debian packages crier needs, and how they are installed. Sourced by the scripts of this folder.

build_packages=(
  clang-16 ccache cmake mold ninja-build pkg-config
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-program-options1.81-dev libboost-system1.81-dev
  libcctz-dev libcld2-dev libcmark-gfm-dev libcmark-gfm-extensions-dev libcpp-httplib-dev libcurl4-openssl-dev libfmt-dev
  libicu-dev libkainjow-mustache-dev
  libsqlite3-dev libssl-dev libstemmer-dev libtomlplusplus-dev libxml2-dev libyaml-cpp-dev prometheus-cpp-dev tzdata zlib1g-dev
)
test_packages=(
  catch2 libclang-rt-16-dev llvm-16 openssl postfix python3 python3-aiosmtpd python3-dkim
)

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Installs what is missing of the named packages. Never removes a package.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  # Older zone data gives wrong local times where clocks stopped changing in 2026.
  local zones
  zones=$(dpkg-query -W -f '${Version}' tzdata 2>/dev/null) || zones=0
  dpkg --compare-versions "${zones:-0}" ge 2026b || missing+=(tzdata)
  [ ${#missing[@]} -gt 0 ] || return 0
  . /etc/os-release
  [ "${ID:-}-${VERSION_ID:-}" = debian-12 ] ||
    say "this is ${PRETTY_NAME:-not Debian}; the package names are those of Debian 12"
  command -v apt-get >/dev/null || fail "apt-get is not here; install these yourself: ${missing[*]}"
  local root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; ask an administrator to install: ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq || fail "apt-get update failed; is the network there?"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends --no-remove "${missing[@]}" >/dev/null ||
    fail "apt-get install failed; its messages are above. Then run this script again"
}

# Configures and builds targets of a preset: build PRESET TARGET…
build() {
  local preset=$1
  shift
  say "building $* (preset $preset; the first time takes minutes, later seconds)"
  CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 cmake --preset "$preset" >"build-$preset.log" 2>&1 ||
    { cat "build-$preset.log" >&2; rm -f "build-$preset.log"; fail "cmake could not configure the build"; }
  rm -f "build-$preset.log"
  CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 cmake --build --preset "$preset" --target "$@" ||
    fail "the build failed; the first error above says where"
}
