{
  stdenv,
  rewritePkgConfigPrefixHook,
  systemdPc,
  pkgconf,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [
    pkgconf
    rewritePkgConfigPrefixHook
  ];
  env.PKG_CONFIG_PATH = "${systemdPc}/share/pkgconfig";
  dontRewritePkgConfigPrefixProvider = true;
  installPhase = ''
    mkdir -p "$out"
    for variable in systemdsystemunitdir systemdutildir systemd_system_unit_path; do
      echo "$variable=$(pkg-config --variable=$variable systemd)"
    done >"$out/systemd"
    pkg-config --variable=udevdir udev >"$out/udevdir"
    mkdir -p "$out/lib/pkgconfig"
    printf 'prefix=/usr\n' >"$out/lib/pkgconfig/hello.pc"
  '';
}
