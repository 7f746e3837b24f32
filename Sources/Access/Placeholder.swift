enum AccessRoom {}
