import CLibpq
import Glibc

/// One libpq connection: every call of the C library on it, and nothing else. Never blocks once it is
/// started.
final class Session {
    enum Progress { case wantsRead, wantsWrite, connected, failed }
    enum Flush { case done, pending, failed }

    private var connection: OpaquePointer?

    /// Begins to connect. The host must be an address or a folder: libpq would resolve a name blockingly.
    init(starting settings: [(keyword: String, value: String)]) {
        var keywords: [UnsafePointer<CChar>?] = settings.map { UnsafePointer(strdup($0.keyword)) } + [nil]
        var values: [UnsafePointer<CChar>?] = settings.map { UnsafePointer(strdup($0.value)) } + [nil]
        connection = PQconnectStartParams(&keywords, &values, 0)
        for text in keywords + values { free(UnsafeMutableRawPointer(mutating: text)) }
        // The default processor prints notices to stderr.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { finish() }

    func finish() {
        PQfinish(connection)
        connection = nil
    }

    /// -1 when there is none (yet, or any more). It may change until `connected`.
    var descriptor: Int32 { PQsocket(connection) }
    var isBroken: Bool { PQstatus(connection) != CONNECTION_OK }
    /// libpq's words; may name hosts, never the password.
    var message: String { PQerrorMessage(connection).map { String(cString: $0) } ?? "" }
    var processID: Int32 { PQbackendPID(connection) }

    func poll() -> Progress {
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_READING: .wantsRead
        case PGRES_POLLING_WRITING: .wantsWrite
        case PGRES_POLLING_OK: .connected
        default: .failed
        }
    }

    func setNonBlocking() -> Bool { PQsetnonblocking(connection, 1) == 0 }
    func enterPipeline() -> Bool { PQenterPipelineMode(connection) == 1 }

    // MARK: Sending

    func sendPrepare(_ name: String, _ sql: String, types: [UInt32]) -> Bool {
        PQsendPrepare(connection, name, sql, Int32(types.count), types) == 1
    }

    func sendExecute(_ name: String, _ parameters: borrowing ParameterEncoder) -> Bool {
        let count = parameters.offsets.count
        return parameters.writer.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                for (index, offset) in parameters.offsets.enumerated() {
                    values[index] = Self.pointer(bytes, offset)
                }
                return PQsendQueryPrepared(
                    connection, name, Int32(count), values.baseAddress, parameters.lengths,
                    parameters.formats,
                    ParameterEncoder.binaryFormat) == 1
            }
        }
    }

    private static func pointer(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UnsafePointer<CChar>? {
        guard offset >= 0, let base = bytes.baseAddress else { return nil }
        return (base + offset).assumingMemoryBound(to: CChar.self)
    }

    /// A simple query, outside a pipeline: `copy … from stdin`, `listen …`.
    func sendSimple(_ sql: String) -> Bool { PQsendQuery(connection, sql) == 1 }

    /// Ends a group of statements; in libpq 15 this also writes what it can.
    func synchronise() -> Bool { PQpipelineSync(connection) == 1 }

    func flush() -> Flush {
        switch PQflush(connection) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    // MARK: Receiving

    /// Whether the socket has something to read at this moment.
    var hasInput: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&entry, 1, 0) > 0
    }

    func consumeInput() -> Bool { PQconsumeInput(connection) == 1 }
    var isBusy: Bool { PQisBusy(connection) == 1 }
    func nextResult() -> Rows? { PQgetResult(connection).map(Rows.init(owning:)) }

    func nextNotification() -> (channel: String, payload: String)? {
        guard let notification = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notification) }
        return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }

    // MARK: COPY

    enum CopyRow {
        case bytes([UInt8])
        case wouldBlock, end, failed
    }

    /// True: taken. False: libpq's buffer is full, flush first. Nil: failed.
    func putCopy(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        let code = PQputCopyData(
            connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        return code < 0 ? nil : code == 1
    }

    /// Ends the copy; with a reason, the server undoes it.
    func endCopy(failing reason: String? = nil) -> Bool? {
        let code = PQputCopyEnd(connection, reason)
        return code < 0 ? nil : code == 1
    }

    func getCopy() -> CopyRow {
        var buffer: UnsafeMutablePointer<CChar>?
        let count = PQgetCopyData(connection, &buffer, 1)
        defer { PQfreemem(buffer) }
        if count > 0 { return .bytes(Array(UnsafeRawBufferPointer(start: buffer, count: Int(count)))) }
        return count == 0 ? .wouldBlock : count == -1 ? .end : .failed
    }
}
