import HTTPServer

/// The first byte chooses how the rest is split; the same bytes must get the same verdict whole and in
/// pieces.
public func fuzzRequestParser(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard let first = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let whole = RequestReading(bytes, pieceBytes: max(bytes.count, 1))
    let pieces = RequestReading(bytes, pieceBytes: 1 + Int(first % 32))
    precondition(whole == pieces, "the verdict depends on how the bytes were split")
    return 0
}

/// What a parser made of a stream.
private struct RequestReading: Equatable {
    private var targets: [String] = []
    private var body: [UInt8] = []
    private var requestCount = 0
    private var error: RequestError?

    init(_ bytes: [UInt8], pieceBytes: Int) {
        var parser = RequestParser()
        var pending: [UInt8] = []
        var start = 0
        while start < bytes.count, error == nil {
            let end = min(bytes.count, start + pieceBytes)
            pending += bytes[start..<end]
            start = end
            do throws(RequestError) {
                try readAll(&pending, with: &parser)
            } catch {
                self.error = error
            }
        }
    }

    private mutating func readAll(
        _ pending: inout [UInt8], with parser: inout RequestParser
    ) throws(RequestError) {
        while true {
            let step = try parser.next(pending.span)
            switch step.event {
            case .head(let head, _): note(head)
            case .body(let range): body += pending[range]
            case .end: requestCount += 1
            case nil: break
            }
            pending.removeFirst(step.consumed)
            guard step.event != nil else { return }
        }
    }

    /// Also decodes what the router decodes.
    private mutating func note(_ head: RequestHead) {
        targets.append(head.method.name + " " + head.path + (head.query ?? ""))
        for (name, value) in head.headers { targets.append(name.text + value) }
        if let path = try? Path(head.pathBytes) {
            precondition(path.segments.allSatisfy { !$0.isEmpty && $0 != ".." && !$0.contains("/") })
        }
        if let query = head.queryBytes { _ = try? Query(query) }
    }
}
