import Crypto
import Exchanges
import Glibc
import JSON
import Kernel

/// Signs what it reads, one JSON object a line, and prints what would be sent, so that software of others can
/// judge it: see Tests/Judges/signing.py. Not part of the product.
@main enum SigningDriver {
    static func main() {
        while let line = readLine() {
            var w = JSONWriter()
            do {
                try write(SigningOrder(JSONValue.parse(line)).signed(), to: &w)
            } catch {
                w.object { w in w.field("error", "\(error)") }
            }
            print(w.text)
        }
    }

    private static func write(_ signed: SignedRequest, to w: inout JSONWriter) {
        w.object { w in
            w.field("method", signed.method.rawValue)
            w.field("url", signed.url)
            w.array("headers", signed.headers) { w, header in
                w.array { w in
                    w.value(header.name)
                    w.value(header.value)
                }
            }
            w.field("body", signed.body.map { Base64.encode($0) })
        }
    }
}
