// Verifies a delivery by Standard Webhooks with nothing but Node:
// node verify.mjs file-of-the-secret webhook-id webhook-timestamp webhook-signature <body
import { createHmac, timingSafeEqual } from "node:crypto"
import { readFileSync } from "node:fs"

export function verify(secret, id, timestamp, signatures, body) {
    if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) return false
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
    const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest()
    return signatures.split(" ").some((one) => {
        const [version, text] = one.split(",")
        const given = Buffer.from(text ?? "", "base64")
        return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted)
    })
}

const [file, id, timestamp, signatures] = process.argv.slice(2)
const secret = readFileSync(file, "utf8").trim()
const isTrue = verify(secret, id, timestamp, signatures, readFileSync(0))
console.log(isTrue ? "verified" : "refused")
process.exit(isTrue ? 0 : 1)
