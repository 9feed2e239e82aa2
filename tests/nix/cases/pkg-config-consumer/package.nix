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
  installPhase = ''
    install -D --mode=644 --target-directory="$(pkg-config --variable=systemdsystemunitdir systemd)" hello.service
    mkdir -p "$out"
    for variable in systemdsystemunitdir systemdutildir systemd_system_unit_path; do
      echo "$variable=$(pkg-config --variable=$variable systemd)"
    done >"$out/systemd"
    pkg-config --variable=udevdir udev >"$out/udevdir"
  '';
}
