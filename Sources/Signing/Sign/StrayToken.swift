import Exchanges
import HTTPServer
import Identity
import JSON

/// One of Keybell's secrets within a request for an exchange. Whoever put it there meant it for us: the
/// exchange would be told it, and the record of the use would keep it in clear.
enum StrayToken {
    /// How a caller wrote the request: as it is sent, or as fields of a document.
    enum Form { case sent, fields }

    static let code = "holds_token"
    static let message = "must hold no token of Keybell, which goes into the Authorization header"

    static func refuse(in incoming: IncomingRequest, as form: Form) throws(Problem) {
        guard let place = place(in: incoming) else { return }
        let pointer = form == .fields ? place.field : place.part
        throw Problem(
            .invalidParameter,
            "The request for the exchange holds a secret of Keybell: nothing was sent, and nothing is kept.",
            errors: [FieldError(pointer: pointer, code: code, message: message)])
    }

    /// Pointers into the two forms of a request.
    private typealias Place = (part: String, field: String)

    private static func place(in incoming: IncomingRequest) -> Place? {
        if isHeld(incoming.host.utf8) { return ("path:host", "/host") }
        if isHeld(incoming.path.utf8) { return ("path:path", "/path") }
        if isHeld(incoming.query.utf8) { return (parameter(incoming.query), "/query") }
        if let type = incoming.contentType, isHeld(type.utf8) {
            return ("header:Content-Type", "/content_type")
        }
        return isHeld(incoming.body) ? ("", "/body") : nil
    }

    private static func isHeld(_ text: some Sequence<UInt8>) -> Bool { AccessTokenSecret.stands(in: text) }

    private static let nameBytesAtMost = 40

    /// By its name, where that is a plain one.
    private static func parameter(_ query: String) -> String {
        let field = query.split(separator: "&").first { isHeld($0.utf8) }
        guard let name = field?.prefix(while: { $0 != "=" }), name.utf8.count <= nameBytesAtMost,
            name.utf8.allSatisfy(isPlain), !isHeld(name.utf8)
        else { return "query:" }
        return "query:\(name)"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
