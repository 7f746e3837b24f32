enum EventLoopRoom {}
