import FuzzTargets
import Glibc

/// libFuzzer's own main, called by ours: Swift brings a main of its own, so libFuzzer is linked without one.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The name in the environment: libFuzzer takes the arguments for itself.
private let target: FuzzTarget? = getenv("KEYBELL_FUZZ_TARGET").flatMap { name in
    FuzzTarget.all.first { $0.name == String(cString: name) }
}

private func checkInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do throws(Finding) {
        try target?.check(Array(UnsafeBufferPointer(start: data, count: count)))
    } catch {
        preconditionFailure(error.description)
    }
    return 0
}

/// Gives the target one input after the other. Options and corpus folders stand in the command line.
func runFuzzer() {
    precondition(target != nil, "KEYBELL_FUZZ_TARGET names no fuzzer")
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments, checkInput))
}
