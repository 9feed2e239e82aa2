{ hermeticSystemd }: hermeticSystemd
