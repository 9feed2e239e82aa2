{
  stdenv,
  relocateEtcToOutHook,
  patchSystemdUnitsHook,
  rewritePkgConfigPrefixHook,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [
    rewritePkgConfigPrefixHook
    patchSystemdUnitsHook
    relocateEtcToOutHook
  ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/etc/systemd/system" hello.service
    install -D --mode=644 --target-directory="$out/usr/etc/hello" hello.conf
    install -D --mode=644 --target-directory="$out/lib/pkgconfig" hello.pc
  '';
}
