// Verifies a delivery by Standard Webhooks with nothing but Java (17 or later):
// java Verify.java file-of-the-secret webhook-id webhook-timestamp webhook-signature <body
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Verify {
    static boolean verify(String secret, String id, String timestamp, String signatures, byte[] body)
            throws GeneralSecurityException {
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > 300) return false;
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] wanted = mac.doFinal(body);
        for (String one : signatures.split(" ")) {
            if (!one.startsWith("v1,")) continue;
            byte[] given = Base64.getDecoder().decode(one.substring(3));
            if (MessageDigest.isEqual(given, wanted)) return true;
        }
        return false;
    }

    public static void main(String[] words) throws IOException, GeneralSecurityException {
        String secret = Files.readString(Path.of(words[0])).trim();
        boolean isTrue = verify(secret, words[1], words[2], words[3], System.in.readAllBytes());
        System.out.println(isTrue ? "verified" : "refused");
        System.exit(isTrue ? 0 : 1);
    }
}
