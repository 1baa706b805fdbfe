import FuzzTargets
import Glibc

/// What libFuzzer calls with each input (https://llvm.org/docs/LibFuzzer.html#fuzz-target); the variable ALVO names the target.
@c(LLVMFuzzerTestOneInput)
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    if let violation = target.violation(Array(UnsafeBufferPointer(start: bytes, count: count))) { fatalError(violation) }
    return 0
}

private let target: FuzzTarget = {
    let name = getenv("ALVO").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        fatalError("ALVO must be one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")), not \"\(name)\"")
    }
    return target
}()
