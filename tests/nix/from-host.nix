# Programs of the machine as a package of the store, so that they can be dependencies.
{ system }:
name: programs:
derivation {
  inherit name system programs;
  builder = "/bin/bash";
  args = [
    "-c"
    ''
      set -e
      PATH=/usr/sbin:/usr/bin:/sbin:/bin
      mkdir -p "$out/bin"
      for program in $programs; do
        path=$(type -P "$program")
        cp --dereference "$path" "$out/bin/$program"
      done
    ''
  ];
}
