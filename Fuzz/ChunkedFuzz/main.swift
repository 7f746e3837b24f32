import FuzzDriver

runFuzzer(fuzzChunkedBody)
