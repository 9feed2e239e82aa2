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
  pkgConfigInstallOutput = "lib";
  installPhase = ''
    mkdir "$out"
  '';
}
