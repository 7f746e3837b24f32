import FuzzDriver

runFuzzer(fuzzRequestParser)
