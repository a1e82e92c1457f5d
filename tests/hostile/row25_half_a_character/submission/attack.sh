mkdir out
echo "Hello, $NAME!" > out/message.txt
echo '{"builds": [{"builder_type": "\ud800\udfff\u0000"}]}' > out/manifest.json
