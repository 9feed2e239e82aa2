# systemd.pc and udev.pc, and nothing else: where units, rules and the like are to be installed. Made
# of systemd's source, so that packages that systemd itself needs can ask for it. As it has none of
# systemd's programs, `systemdutildir` leads to nothing there.
{
  lib,
  stdenvNoCC,
  buildPackages,
  systemd,
}:
let
  # What systemd's build would write; the numbers are its defaults.
  values = {
    CONTAINER_UID_BASE_MAX = "1878982656";
    CONTAINER_UID_BASE_MIN = "524288";
    DYNAMIC_UID_MAX = "65519";
    DYNAMIC_UID_MIN = "61184";
    FOREIGN_UID_BASE = "2147352576";
    GREETER_UID_MAX = "60705";
    GREETER_UID_MIN = "60578";
    PREFIX = "/usr";
    PREFIX_NOSLASH = "/usr";
    PROJECT_URL = "https://systemd.io/";
    PROJECT_VERSION = systemd.version;
    SYSCONF_DIR = "/etc";
    SYSTEM_ALLOC_GID_MIN = "1";
    SYSTEM_ALLOC_UID_MIN = "1";
    SYSTEM_GID_MAX = "999";
    SYSTEM_UID_MAX = "999";
    UDEVLIBEXECDIR = "/usr/lib/udev";
  };
  substitutions = lib.mapAttrsToList (name: value: "s|{{${name}}}|${value}|g") values;
in
stdenvNoCC.mkDerivation {
  pname = "systemd-pc";
  inherit (systemd) src version;

  nativeBuildInputs = [ buildPackages.rewritePkgConfigPrefixHook ];
  strictDeps = true;
  preferLocalBuild = true;
  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir --parents "$out/share/pkgconfig"
    for file in src/core/systemd.pc src/udev/udev.pc; do
      sed ${lib.concatStringsSep " " (map (one: "--expression=${lib.escapeShellArg one}") substitutions)} \
        "$file.in" >"$out/share/pkgconfig/''${file##*/}"
    done
    if grep --line-number '{{' "$out"/share/pkgconfig/*.pc; then
      echo "systemdPc: these are not known; add them to nix-overlay/systemd-pc.nix" >&2
      exit 1
    fi
    runHook postInstall
  '';

  # The package has no such directory; others install there.
  rewritePkgConfigPrefixReplace = [ "/usr/lib/udev=${builtins.placeholder "out"}/lib/udev" ];

  meta = {
    description = "Where systemd says that others are to install";
    platforms = lib.platforms.linux;
  };
}
