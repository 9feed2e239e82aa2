{ hermeticKmod }: hermeticKmod
