enum KernelRoom {}
