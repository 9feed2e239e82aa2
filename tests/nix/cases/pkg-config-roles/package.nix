{
  stdenv,
  rewritePkgConfigPrefixHook,
  systemdPc,
}:
let
  # Another platform's, with other files.
  other = stdenv.mkDerivation {
    name = "other";
    dontUnpack = true;
    installPhase = ''
      mkdir -p "$out/lib/pkgconfig"
      printf 'udevdir=/usr/lib/udev\nName: udev\nDescription: x\nVersion: 1\n' >"$out/lib/pkgconfig/udev.pc"
    '';
  };
in
stdenv.mkDerivation {
  name = "hello-1.0";
  nativeBuildInputs = [ rewritePkgConfigPrefixHook ];
  env.PKG_CONFIG_PATH = "${systemdPc}/share/pkgconfig";
  env.PKG_CONFIG_PATH_FOR_BUILD = "${other}/lib/pkgconfig";
  dontUnpack = true;
  installPhase = ''
    mkdir "$out"
    for variable in PKG_CONFIG_PATH PKG_CONFIG_PATH_FOR_BUILD PKG_CONFIG_PATH_FOR_TARGET; do
      {
        echo "''${!variable//$NIX_BUILD_TOP/BUILD}"
        if [[ -n ''${!variable} ]]; then
          ls "''${!variable%%:*}"
        fi
      } >"$out/$variable"
    done
  '';
}
