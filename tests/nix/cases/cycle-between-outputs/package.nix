{
  stdenv,
  patchSystemdUnitsHook,
  gcc,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  outputs = [
    "out"
    "bin"
    # Without it out would name bin: nixpkgs propagates programs from the output for developers.
    "dev"
  ];
  src = ./src;
  nativeBuildInputs = [
    patchSystemdUnitsHook
    gcc
  ];
  buildPhase = ''
    cc -shared -fPIC -o libhello.so -DLIBRARY hello.c
    cc -o hello hello.c -L. -lhello -Wl,-rpath,"$out/lib"
  '';
  installPhase = ''
    install -D --target-directory="$out/lib" libhello.so
    install -D --target-directory="$bin/bin" hello
    install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service hello.socket
    mkdir "$out/lib/systemd/system/sockets.target.wants"
    ln -s ../hello.service "$out/lib/systemd/system/sockets.target.wants/"
  '';
}
