image_key = "alias/labweb-images"
