{
  stdenv,
  hermeticUnits,
  gnused,
}:
hermeticUnits (
  stdenv.mkDerivation {
    name = "hello-1.0";
    outputs = [
      "bin"
      "out"
      "dev"
    ];
    src = ./src;
    buildInputs = [ gnused ];
    installPhase = ''
      install -D hello.sh "$bin/bin/hello"
      install -D hello.sh "$out/lib/udev/hello-id"
      install -D hello.sh "$dev/bin/hello-config"
      install -D --mode=644 --target-directory="$out/lib/systemd/system" hello.service
      install -D --mode=644 --target-directory="$out/lib/systemd/user" hello.service
      install -D --mode=644 --target-directory="$out/lib/udev/rules.d" 60-hello.rules
      install -D --mode=644 --target-directory="$dev/lib/systemd/system" hello.service
      mkdir "$out/lib/systemd/system/multi-user.target.wants"
      ln -s ../hello.service "$out/lib/systemd/system/multi-user.target.wants/"
    '';
  }
)
