{
  stdenv,
  relocateEtcToOutHook,
  gcc,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  outputs = [
    "out"
    "bin"
    "dev"
  ];
  src = ./src;
  nativeBuildInputs = [
    relocateEtcToOutHook
    gcc
  ];
  buildPhase = ''
    cc -o hello hello.c
  '';
  installPhase = ''
    install -D --target-directory="$bin/bin" hello
    install -D hello.sh "$bin/bin/hello-script"
    install -D --mode=644 --target-directory="$dev/etc/hello" hello.conf
    install -D --mode=644 --target-directory="$out/etc/hello" compiled.conf
    install -D --mode=644 --target-directory="$dev/include" hello.h
  '';
}
