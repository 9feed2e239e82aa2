{
  stdenv,
  patchSystemdUnitsHook,
  gnused,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [
    patchSystemdUnitsHook
    gnused
  ];
  outputs = [
    "out"
    "dev"
  ];
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    for output in "$out" "$dev"; do
      install -D --mode=644 --target-directory="$output/lib/systemd/system" hello.service
    done
  '';
}
