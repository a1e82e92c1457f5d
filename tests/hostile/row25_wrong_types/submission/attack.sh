mkdir out
echo "Hello, $NAME!" > out/message.txt
echo '{"builds": {"__class__": "dict", "0": {"builder_type": "null"}}}' > out/manifest.json
