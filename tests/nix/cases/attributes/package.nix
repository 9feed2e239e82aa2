{
  stdenv,
  patchSystemdUnitsHook,
  bash,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  patchSystemdUnitsKeep = [
    "/opt/**"
    "hello.*"
  ];
  patchSystemdUnitsReplace = [
    "/usr/bin/login=${bash}/bin/sh"
    "agetty=${bash}/bin/bash"
  ];
  patchSystemdUnitsFlags = [ "--desktop-entries" ];
  patchSystemdUnitsMissing = "error";
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    install -D --mode=644 --target-directory="$out/share/applications" hello.desktop
  '';
}
