enum KeysRoom {}
