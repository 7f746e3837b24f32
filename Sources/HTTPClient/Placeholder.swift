enum HTTPClientRoom {}
