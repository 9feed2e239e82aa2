{ systemdPc }: systemdPc
