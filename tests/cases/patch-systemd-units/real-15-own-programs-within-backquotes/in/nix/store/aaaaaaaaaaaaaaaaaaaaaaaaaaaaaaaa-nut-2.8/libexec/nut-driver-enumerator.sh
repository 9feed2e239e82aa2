a program
