# The users of an image, as a package with a sysusers.d(5) and a tmpfiles.d(5) file, and arguments of
# assemble-image:
#
#   alice = {
#     uid = 1000;                  # else systemd-sysusers takes a free number of a system user
#     description = "Alice";
#     home = "/home/alice";        # made at boot
#     shell = bash;                # a package, or a path; else the user cannot log in
#     groups = [ "wheel" ];
#     hashedPassword = "$y$…";     # as mkpasswd prints it, or
#     hashedPasswordFile = ./…;    # a file that holds it
#   };
#   root.hashedPassword = "…";     # root is made by systemd's own file: it can only have a password
#
# Hashes are readable to all who can read the store, and to root in the image.
{
  lib,
  writeText,
  writeTextDir,
  name,
}:
users:
let
  known = [
    "description"
    "groups"
    "hashedPassword"
    "hashedPasswordFile"
    "home"
    "shell"
    "uid"
  ];
  checked =
    user: settings:
    let
      unknown = builtins.attrNames (builtins.removeAttrs settings known);
      others = builtins.attrNames (
        builtins.removeAttrs settings [
          "hashedPassword"
          "hashedPasswordFile"
        ]
      );
    in
    if unknown != [ ] then
      throw "hermeticImage: users.${user} has ${builtins.head unknown}, which is none of ${lib.concatStringsSep ", " known}"
    else if user == "root" && others != [ ] then
      throw "hermeticImage: users.root has ${builtins.head others}, but root can only have a password: systemd's sysusers.d makes it"
    else if settings ? hashedPassword && settings ? hashedPasswordFile then
      throw "hermeticImage: users.${user} has both hashedPassword and hashedPasswordFile; keep one"
    else
      settings;
  all = builtins.mapAttrs checked users;
  made = builtins.removeAttrs all [ "root" ];

  # A package that is a shell says where it has it.
  shellOf = shell: if lib.isDerivation shell then "${shell}${shell.shellPath or "/bin/${shell.pname}"}" else "${shell}";
  # Quoted as sysusers.d(5) and tmpfiles.d(5) read it; `%` begins a specifier there.
  quoted = text: "\"${builtins.replaceStrings [ "\\" "\"" "%" ] [ "\\\\" "\\\"" "%%" ] text}\"";

  userLines =
    user: settings:
    [
      (lib.concatStringsSep " " [
        "u"
        user
        (toString (settings.uid or "-"))
        (quoted (settings.description or user))
        (settings.home or "-")
        (if settings ? shell then shellOf settings.shell else "-")
      ])
    ]
    ++ map (group: "m ${user} ${group}") (settings.groups or [ ]);
  homeLines = user: settings: lib.optionals (settings ? home) [ "d ${settings.home} 0700 ${user} ${user} -" ];

  text = lines: lib.concatStrings (map (line: line + "\n") lines);
  file =
    directory: lines:
    writeTextDir "lib/${directory}/${name}.conf" (
      text (lib.concatLists (builtins.attrValues (builtins.mapAttrs lines made)))
    );
in
{
  packages = lib.optionals (made != { }) [
    (file "sysusers.d" userLines)
    (file "tmpfiles.d" homeLines)
  ];
  arguments = lib.concatLists (
    builtins.attrValues (
      builtins.mapAttrs (
        user: settings:
        lib.optionals (settings ? hashedPassword || settings ? hashedPasswordFile) [
          "--password"
          "${user}=${settings.hashedPasswordFile or (writeText "${name}-password" settings.hashedPassword)}"
        ]
      ) all
    )
  );
}
