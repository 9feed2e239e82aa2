{
  stdenv,
  patchSystemdUnitsHook,
  bash,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  nativeBuildInputs = [ patchSystemdUnitsHook ];
  __structuredAttrs = true;
  patchSystemdUnitsReplace = {
    "/usr/bin/login" = "${bash}/bin/sh";
    "/usr/lib/a file" = "${placeholder "out"}/share/a file";
  };
  installPhase = ''
    install -D hello.sh "$out/bin/hello"
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
    install -D --mode=644 hello.service "$out/share/a file"
  '';
}
