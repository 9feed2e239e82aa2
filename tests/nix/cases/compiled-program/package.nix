{
  stdenv,
  patchSystemdUnitsHook,
  gcc,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [
    patchSystemdUnitsHook
    gcc
  ];
  buildPhase = ''
    cc -o hello hello.c
  '';
  installPhase = ''
    install -D --target-directory="$out/bin" hello
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
  '';
  doInstallCheck = true;
  installCheckPhase = ''
    command=$(sed -n 's/^ExecStart=//p' "$out/lib/systemd/system/hello.service")
    PATH= eval "$command"
  '';
}
