{ hermeticDbus }: hermeticDbus
