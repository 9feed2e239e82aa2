{
  stdenv,
  rewritePkgConfigPrefixHook,
  gcc,
}:
stdenv.mkDerivation {
  name = "hello-1.0";
  src = ./src;
  outputs = [
    "out"
    "dev"
    "lib"
  ];
  nativeBuildInputs = [
    gcc
    rewritePkgConfigPrefixHook
  ];
  rewritePkgConfigPrefixKeep = [ "/usr/share/common*" ];
  installPhase = ''
    mkdir -p "$out/share/hello" "$lib/lib" "$dev/lib/pkgconfig" "$dev/include"
    echo text >"$out/share/hello/text"
    echo library >"$lib/lib/libhello.a"
    cp hello.h "$dev/include"
    cp hello.pc "$dev/lib/pkgconfig"
  '';
}
