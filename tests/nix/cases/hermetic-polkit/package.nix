{ hermeticPolkit }: hermeticPolkit
