import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.MGF1ParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * A client of the older profile in Java's standard library alone, so that a misreading of the bytes on one side is not
 * shared by the other. Reads commands from standard input, one a line, words apart by tabs: a path's name, then the
 * values it takes. Writes one line for each: status, error, message, apart by tabs, the message in base64.
 *
 * Run it with: java Client.java http://127.0.0.1:3000/vws
 */
public final class Client {
  private static final Map<String, String[]> FIELDS =
      Map.of(
          "register_user", new String[] {"username", "email", "password"},
          "login_user", new String[] {"email", "password"},
          "encrypt", new String[] {"message"},
          "decrypt", new String[] {"message"},
          "change_username", new String[] {"new_username", "password"},
          "change_password", new String[] {"password", "new_password"},
          "forgot_password", new String[] {"email"},
          "confirm_forgot_password", new String[] {"code"},
          "final_forgot_password", new String[] {"new_password"});

  private final String base;
  private String id = "";
  private String usedId = "";
  private String key = "";

  private Client(String base) {
    this.base = base;
  }

  public static void main(String[] arguments) throws Exception {
    Client client = new Client(arguments[0]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split("\t", -1);
      out.println(client.run(words[0], Arrays.copyOfRange(words, 1, words.length)));
    }
  }

  private String run(String command, String[] values) throws Exception {
    switch (command) {
      case "create_session_key":
        return start();
      case "use_old_id":
        id = usedId;
        return "0\t\t";
      case "encrypt":
        String path = "encrypt/" + URLEncoder.encode(values[0], StandardCharsets.UTF_8).replace("+", "%20");
        return ask(path, FIELDS.get(command), Arrays.copyOfRange(values, 1, values.length));
      default:
        return ask(command, FIELDS.get(command), values);
    }
  }

  private String start() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair pair = generator.generateKeyPair();
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(pair.getPublic().getEncoded());
    String pem = "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----\n";
    String hex = HexFormat.of().formatHex(pem.getBytes(StandardCharsets.US_ASCII));
    Answer answer = post("create_session_key", Map.of("public_key", hex));
    if (answer.status != 200) return answer.status + "\t" + answer.text + "\t";

    Cipher rsa = Cipher.getInstance("RSA/ECB/OAEPPadding");
    rsa.init(
        Cipher.DECRYPT_MODE,
        pair.getPrivate(),
        new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    byte[] wrapped = HexFormat.of().parseHex(answer.members.get("ciphertext"));
    key = new String(rsa.doFinal(wrapped), StandardCharsets.US_ASCII);
    id = decrypt(answer.members.get("session_key"));
    return "200\t\t";
  }

  private String ask(String path, String[] names, String[] values) throws Exception {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("session_key", id);
    for (int at = 0; at < names.length; at++) fields.put(names[at], encrypt(values[at]));
    Answer answer = post(path, fields);
    if (answer.status > 202) return answer.status + "\t" + answer.text + "\t";
    usedId = id;
    key = decrypt(answer.members.get("ciphertext"));
    id = decrypt(answer.members.get("session_key"));
    String message = answer.members.get("message");
    String shown =
        message == null
            ? ""
            : Base64.getEncoder().encodeToString(decrypt(message).getBytes(StandardCharsets.UTF_8));
    return answer.status + "\t" + answer.members.getOrDefault("error", "") + "\t" + shown;
  }

  private String encrypt(String text) throws GeneralSecurityException {
    byte[] bytes = aes(Cipher.ENCRYPT_MODE).doFinal(text.getBytes(StandardCharsets.UTF_8));
    return Base64.getEncoder().encodeToString(bytes);
  }

  private String decrypt(String field) throws GeneralSecurityException {
    byte[] bytes = aes(Cipher.DECRYPT_MODE).doFinal(Base64.getDecoder().decode(field));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private Cipher aes(int mode) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/ECB/PKCS5Padding");
    cipher.init(mode, new SecretKeySpec(HexFormat.of().parseHex(key), "AES"));
    return cipher;
  }

  private Answer post(String path, Map<String, String> fields) throws IOException {
    StringBuilder json = new StringBuilder("{");
    for (Map.Entry<String, String> field : fields.entrySet()) {
      if (json.length() > 1) json.append(", ");
      json.append('"').append(field.getKey()).append("\": \"").append(field.getValue()).append('"');
    }
    HttpURLConnection connection = (HttpURLConnection) new URL(base + "/" + path).openConnection();
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    connection.getOutputStream().write(json.append('}').toString().getBytes(StandardCharsets.UTF_8));
    int status = connection.getResponseCode();
    try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      return new Answer(status, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /** What came back: an object of texts without escapes, or a text. */
  private static final class Answer {
    private static final Pattern MEMBER = Pattern.compile("\"(\\w+)\":\"([^\"\\\\]*)\"");
    final int status;
    final String text;
    final Map<String, String> members = new LinkedHashMap<>();

    Answer(int status, String text) {
      this.status = status;
      this.text = text;
      Matcher matcher = MEMBER.matcher(text);
      while (matcher.find()) members.put(matcher.group(1), matcher.group(2));
    }
  }
}
