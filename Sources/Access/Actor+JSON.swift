import Kernel
package import JSON

extension Actor: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", principal?.description)
            w.field("access_token_id", accessToken?.description)
            if let session { w.field("session_id", session.description) }
            w.field("address", address?.description)
        }
    }
}
